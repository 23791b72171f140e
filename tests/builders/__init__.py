"""What tests share: pictures, clips, sheets and small trainings, made by code."""
