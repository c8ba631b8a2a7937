"""What latent edits start from: a seed, styles mixed of two seeds, or the user's own image."""

from __future__ import annotations

import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.errors import CancelledError
from core.registry import Registry
from core.services.inversion import STEPS, Projection, can_invert, project
from core.services.latent import Origin, code, groups_of
from core.ui import controls, layout, state, uploads
from core.ui.live import Start

SEED, UPLOAD = "A seed", "Your image"


def choose_start(
    registry: Registry, domain: Domain, card: Card, class_id: str, seed: int
) -> Start | None:
    """Draw the choice; None where an upload is still to be given or projected."""
    sources = [SEED, UPLOAD] if can_invert(registry, card.id) else [SEED]
    if len(sources) == 1:
        return _mixed(registry, card, class_id, seed)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    source = row.segmented_control(
        "Start from", sources, default=SEED, key="start", bind="query-params", required=True
    )
    if source == SEED:
        with row:
            return _mixed(registry, card, class_id, seed)
    found = projected(registry, domain, card, class_id, "latent_upload")
    if found is None:
        return None
    digest, projection = found
    return Start((card.id, digest, class_id), projection.code, class_id, 0, projection.target)


def _mixed(registry: Registry, card: Card, class_id: str, seed: int) -> Start:
    with st.popover("Mix styles", icon=":material/blender:"):
        st.caption("Take the styles of some layers from another seed of the same class.")
        groups = st.pills(
            "Layers", groups_of(registry, card.id), selection_mode="multi", key="mix",
            bind="query-params",
        )  # fmt: skip
        other = st.number_input(
            "Seed of the other image", 0, controls.MAX_SEED, 2, key="mix_seed", bind="query-params"
        )
    origin = Origin(card.id, class_id, seed, tuple(groups or ()), int(other) if groups else 0)
    if groups:
        st.caption(f"The {' and '.join(groups)} styles are those of seed {int(other)}.")
    styles = state.remember("styles", (origin,), lambda: code(registry, origin))
    return Start((origin,), styles, class_id, seed)


def projected(
    registry: Registry, domain: Domain, card: Card, class_id: str, key: str
) -> tuple[str, Projection] | None:
    """An uploader and the upload's projection into W, with its error said; None before that."""
    upload = uploads.pick_one("Image to project", key)
    if upload is None:
        st.caption(
            "The image is projected into the generator's W space and edited there. It stays in "
            "this session and is not in the address."
        )
        return None
    image = uploads.decode(upload)
    if image is None:
        return None
    uploads.notes(upload, image)
    steps = st.slider("Steps of descent", 0, 400, STEPS, 25, key=f"{key}_steps",
                      help="0 shows the encoder's guess alone.")  # fmt: skip
    kept = (upload.sha256, card.id, class_id, steps)
    store = st.session_state.setdefault("_kept_projections", {})
    name = domain.class_name(class_id)
    if kept not in store and not st.button(
        f"Project as {name}", key=f"{key}_go", type="primary", icon=":material/my_location:"
    ):
        return None

    def work() -> Projection:
        bar = st.progress(0.0, "Projecting")
        tell = lambda share: bar.progress(share, f"Projecting: {share:.0%}")  # noqa: E731
        try:
            return project(registry, card.id, image.pixels, class_id, steps, tell)
        finally:
            bar.empty()

    try:
        found = state.remember("projections", kept, work, keep=6)
    except CancelledError as error:
        st.info(str(error))
        return None
    say(found)
    return f"{upload.sha256}:{steps}", found


def say(found: Projection) -> None:
    """How far the reconstruction is from the upload."""
    if not found.in_scope:
        st.warning(f"{found.scope_note} What the generator makes of it means little.")
    with layout.card_row():
        st.metric("Mean error", f"{found.error:.1%}", width="content", delta_color="inverse",
                  delta=f"{found.error - found.start_error:+.1%} by descent",
                  help="Mean absolute difference, in shares of the grey range.")  # fmt: skip
        st.metric("PSNR", f"{found.psnr:.1f} dB", width="content")
        st.metric("SSIM", f"{found.ssim:.2f}", width="content")
    st.caption(f":material/info: {found.note}")
