"""A style generator whose image is a linear function of w: effects are known exactly."""

import torch
from torch import nn

from core.models.base import StyleGenerator


class LinearStyle(StyleGenerator):
    """Layer 0 of w sets the left half of the image, layer 1 the right half."""

    num_layers = 2
    z_dim = w_dim = 4
    classes = 2
    channels = 1
    encoder = None

    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.tensor([[0.0] * 4, [1.0, 0.0, 0.0, 0.0]]))
        self.register_buffer("w_mean", self.shift.detach().clone())

    def map(self, z, labels):
        return (z + self.shift[labels])[:, None].expand(-1, 2, -1)

    def latents(self, w):
        left, right = w[:, 0, 0], w[:, 1, 0]
        image = torch.zeros(len(w), 1, 8, 8)
        image[..., :4] = left[:, None, None, None]
        image[..., 4:] = right[:, None, None, None]
        return image / 8

    synthesise = latents

    def to_grid(self, images):
        return images

    def style_weights(self):
        return [torch.diag(torch.tensor([3.0, 2.0, 1.0, 0.5])), torch.eye(4)]
