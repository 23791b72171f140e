"""Geometry without weights: fetching along a flow, pooling."""
