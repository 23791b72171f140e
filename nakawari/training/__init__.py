"""What the trainings of both stages share: settings, data feeding, launching, keeping the model."""
