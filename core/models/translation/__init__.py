"""Image-to-image translation: ResNet generators and patch critics."""
