"""Geometry without learnt weights: warping along a flow, pooling, doubling of maps."""
