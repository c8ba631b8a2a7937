"""Style-based generator (StyleGAN2) with class-conditional W space and an encoder into it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Load, StyleGenerator, family
from core.models.gan.layers import EqualLinear, ModulatedConv, act, double
from core.models.gan.space import GanGenerator


class Mapping(nn.Module):
    """z and class to w: fully connected layers over [z, class embedding] (Karras et al. 2019)."""

    def __init__(self, z_dim: int, w_dim: int, classes: int, depth: int, rate: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, w_dim)
        widths = [z_dim + w_dim] + [w_dim] * depth
        self.layers = nn.ModuleList(
            EqualLinear(a, b, rate=rate) for a, b in zip(widths, widths[1:])
        )

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(N, z_dim) and (N,) to (N, w_dim)."""
        h = torch.cat([z, self.embed(labels)], 1)
        for layer in self.layers:
            h = act(layer(h))
        return h


class Synthesis(nn.Module):
    """Styles to a grid: modulated convolutions from a learned 4x4 constant, with skip outputs.

    Karras et al. 2020, fig. 7 (output skips). There is no noise input: an image is a function of
    w alone, so that sliders and inversion are exact.

    Args:
        channels: of the output.
        w_dim: width of a style.
        widths: channels at 4x4, 8x8, ... up to the full side.
    """

    def __init__(self, channels: int, w_dim: int, widths: list[int]) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        convs, outputs = [ModulatedConv(widths[0], widths[0], 3, w_dim)], []
        for before, after in zip(widths, widths[1:]):
            convs.append(ModulatedConv(before, after, 3, w_dim, up=True))
            convs.append(ModulatedConv(after, after, 3, w_dim))
        for width in widths:
            outputs.append(ModulatedConv(width, channels, 1, w_dim, demodulate=False))
        self.convs = nn.ModuleList(convs)
        self.outputs = nn.ModuleList(outputs)

    def forward(self, w: torch.Tensor) -> torch.Tensor:
        """(N, layers, w_dim) to (N, channels, side, side)."""
        x = act(self.convs[0](self.constant.expand(len(w), -1, -1, -1), w[:, 0]))
        grid = self.outputs[0](x, w[:, 0])
        for level, output in enumerate(self.outputs[1:], 1):
            x = act(self.convs[2 * level - 1](x, w[:, 2 * level - 1]))
            x = act(self.convs[2 * level](x, w[:, 2 * level]))
            grid = double(grid) + output(x, w[:, 2 * level])
        return grid


class StyleGAN2(GanGenerator, StyleGenerator):
    """StyleGAN2 in pixels or latents, with truncation towards each class's mean w.

    Args:
        config: of `GanGenerator`, and `w_dim`, `widths` (channels at 4x4, 8x8, ...), `mapping`
            (depth), `mapping_rate`, `encoder_widths` (empty for no encoder).
        load: returns the autoencoder.
    """

    w_mean: torch.Tensor

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__(config, load)
        widths = [int(w) for w in config["widths"]]
        self.w_dim = int(config.get("w_dim", 128))
        self.size = 4 << (len(widths) - 1)
        self.mapping = Mapping(
            self.z_dim,
            self.w_dim,
            self.classes,
            int(config.get("mapping", 3)),
            float(config.get("mapping_rate", 0.1)),
        )
        self.synthesis = Synthesis(self.grid_channels, self.w_dim, widths)
        self.num_layers = len(self.synthesis.convs)
        self.register_buffer("w_mean", torch.zeros(self.classes, self.w_dim))
        self.encoder = self.make_encoder(config.get("encoder_widths", widths))

    def map(self, z: torch.Tensor, labels: torch.Tensor, truncation: float = 1.0) -> torch.Tensor:
        """(N, z_dim) and (N,) to (N, num_layers, w_dim).

        Args:
            z: standard normal codes.
            labels: class ids.
            truncation: 1 leaves w as it is, 0 gives the class's mean image (Karras et al. 2019,
                app. B: w' = mean + truncation * (w - mean)).
        """
        w = self.mapping(z, labels)
        if truncation != 1:
            w = torch.lerp(self.w_mean[labels], w, truncation)
        return w[:, None].expand(-1, self.num_layers, -1)

    def latents(self, w: torch.Tensor) -> torch.Tensor:
        """(N, num_layers, w_dim) to the grid the network draws, before any autoencoder."""
        return self.synthesis(w)

    def synthesise(self, w: torch.Tensor, seeds: list[int] | None = None) -> torch.Tensor:
        """(N, num_layers, w_dim) to normalised images, (N, C, S, S); seeds of the texture."""
        return self.to_image(self.synthesis(w), seeds)

    def grid(self, z: torch.Tensor, labels: torch.Tensor, truncation: float = 1.0) -> torch.Tensor:
        """See `GanGenerator.grid`."""
        return self.synthesis(self.map(z, labels, truncation))

    def embed(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Normalised images and classes to the encoder's w, (N, num_layers, w_dim).

        Raises:
            ValueError: the model was made without an encoder.
        """
        if self.encoder is None:
            raise ValueError("This generator has no encoder; invert by optimisation alone.")
        mean, _ = self.encoder(self.to_grid(images), labels)
        return self.map(mean, labels)

    def style_weights(self) -> list[torch.Tensor]:
        """Each layer's affine matrix from w to its styles, (inputs, w_dim), for SeFa."""
        return [conv.affine.effective().detach() for conv in self.synthesis.convs]  # type: ignore

    def unit_layers(self) -> dict[str, nn.Module]:
        """Layers whose output channels are units to dissect, by name, from coarse to fine."""
        convs = list(self.synthesis.convs)
        sides = [4 << ((i + 1) // 2) for i in range(len(convs))]
        return {f"{side} px, layer {i}": c for i, (side, c) in enumerate(zip(sides, convs))}

    @torch.no_grad()
    def update_mean(self, samples: int = 2048, seed: int = 0) -> None:
        """Measure every class's mean w over `samples` codes, for truncation."""
        draw = torch.Generator().manual_seed(seed)
        z = torch.randn(samples, self.z_dim, generator=draw).to(self.w_mean.device)
        for label in range(self.classes):
            labels = torch.full((samples,), label, device=z.device)
            self.w_mean[label] = self.mapping(z, labels).mean(0)


@family("stylegan2")
def build_stylegan2(config: dict[str, Any], load: Load) -> StyleGAN2:
    """Builder of the style-based GAN."""
    return StyleGAN2(config, load)
