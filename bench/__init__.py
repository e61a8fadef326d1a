"""How fast, as ratios: each figure stands beside the other side of it, measured in the same run."""
