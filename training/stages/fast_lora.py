"""A LoRA layer in fewer passes over memory, for CPUs, where those and not the arithmetic take most of the time.

peft adds the product of the two small matrices to the layer's result, and scales it, in passes of their own, forwards and
backwards, through float32. Here each is one matrix product that adds to what is there. Only where it is the same
function: plain LoRA, no dropout, one adapter, not merged; anything else stays peft's.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import Linear


class _Lora(torch.autograd.Function):  # type: ignore[misc]
    """y = x·Wᵀ + (x·Aᵀ)·(scale·B)ᵀ for a frozen W."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, scale: float
    ) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1])
        small_a, small_b = a.to(x.dtype), (b * scale).to(x.dtype)
        inner = flat @ small_a.t()
        out = flat @ weight.t()
        out.addmm_(inner, small_b.t())
        ctx.save_for_backward(flat, weight, small_a, small_b, inner)
        ctx.scale, ctx.shape = scale, x.shape
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        flat, weight, small_a, small_b, inner = ctx.saved_tensors
        flow = gradient.reshape(-1, gradient.shape[-1])
        through = flow @ small_b
        to_x = None
        if ctx.needs_input_grad[0]:
            to_x = flow @ weight
            to_x.addmm_(through, small_a)
            to_x = to_x.view(ctx.shape)
        return to_x, None, (through.t() @ flat).float(), (flow.t() @ inner).float() * ctx.scale, None


def speed_up(model: Any) -> int:
    """How many layers were changed."""
    layers = [layer for layer in model.modules() if isinstance(layer, Linear)]
    for layer in layers:
        layer.forward = _forward_of(layer)
    return len(layers)


def _forward_of(layer: Any) -> Any:
    slow = layer.forward

    def forward(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if args or kwargs or not _is_plain(layer, x):
            return slow(x, *args, **kwargs)
        name = layer.active_adapters[0]
        weights = layer.lora_A[name].weight, layer.lora_B[name].weight
        return _Lora.apply(x, layer.base_layer.weight, *weights, layer.scaling[name])

    return forward


def _is_plain(layer: Any, x: torch.Tensor) -> bool:
    base = layer.base_layer
    return bool(
        not layer.disable_adapters
        and not layer.merged
        and len(layer.active_adapters) == 1
        and layer.active_adapters[0] not in layer.lora_variant
        and isinstance(layer.lora_dropout[layer.active_adapters[0]], torch.nn.Identity)
        and base.bias is None
        and base.weight.dtype == x.dtype
    )
