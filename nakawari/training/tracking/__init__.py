"""Where a training's metrics, pictures and weights are recorded: files, TensorBoard, W&B."""
