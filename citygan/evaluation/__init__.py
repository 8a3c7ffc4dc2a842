"""How good photos are: scores, the segmentation network, contact sheets."""
