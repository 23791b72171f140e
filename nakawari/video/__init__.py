"""Video in and out: pictures with exact times, cuts, colour, sound."""
