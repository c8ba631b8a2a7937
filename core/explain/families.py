"""Imports every attribution method, so that it is registered."""

from core.explain import attention_rollout as attention_rollout
from core.explain import gradcam as gradcam
from core.explain import gradcam_plus_plus as gradcam_plus_plus
from core.explain import integrated_gradients as integrated_gradients
from core.explain import kernel_shap as kernel_shap
from core.explain import occlusion as occlusion
from core.explain import shap as shap
from core.explain import smoothgrad as smoothgrad
