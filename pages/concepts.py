"""What a model makes of concepts that readers use: TCAV with its tests, and one image's pushes."""

import numpy as np
import streamlit as st

from core.concepts.shipped import MAKE, Shipped
from core.services.concepts import layers, pushes, shipped_concepts, testable_models
from core.ui import gallery, layout, own_concept, state, uploads
from core.ui.figures import concepts as figures
from core.ui.figures.frame import show

registry, domain = state.registry(), state.domain()
GENERATED = "generated"


def choose_question() -> tuple[str, str, str, Shipped | None]:
    by_id = {card.id: card for card in known}
    first, second, third = st.columns(3)
    model = first.selectbox(
        "Model", list(by_id), key="concepts_of", format_func=lambda i: by_id[i].title,
        bind="query-params",
    )  # fmt: skip
    found = None
    with layout.said_plainly():
        found = shipped_concepts(registry, model)
    names = found.layers if found else layers(registry, model)
    labels = by_id[model].classes
    # keys hold the model: each has layers and labels of its own
    label = second.selectbox(
        "Pushes towards", labels, place(labels, "label"), key=f"label:{model}",
        format_func=domain.class_name,
    )  # fmt: skip
    layer = third.selectbox("Layer", names, place(names, "layer"), key=f"layer:{model}")
    return model, label, layer, found


def place(options: list[str], name: str) -> int:
    """Where the URL's choice stands among the options, the last one by default."""
    wanted = st.query_params.get(name)
    return options.index(wanted) if wanted in options else len(options) - 1


def evidence(found: list[Shipped], label: str, layer: str) -> None:
    spoken = domain.class_name(label)
    show(figures.scores(found, label, layer, spoken), "scores", "TCAV scores of every concept")
    st.dataframe(
        figures.table(found, label, layer, spoken), hide_index=True, alt="Figures of every concept"
    )
    about = found[0].settings
    st.caption(
        f"Grey: no evidence. Score: share of validation images of {spoken} whose log-odds grow "
        f"along the concept, ± its spread over {about.get('runs')} random counterparts. Change: of "
        "the log-odds, from the average random image to the average image with the concept. p: "
        f"two-sided, over {about.get('dealings', 0):,} random labellings of the same images; Holm "
        "corrects for every test of this model. Evidence: Holm p below 0.05, and held-out accuracy "
        "above one half with its 95 % interval."
    )
    with st.expander("How each concept is made"):
        for own in found:
            for concept in own.concepts:
                st.markdown(f"**{concept.title}** (n = {concept.images}): {concept.how}")


def choose_image() -> np.ndarray | None:
    upload = uploads.pick_one(f"{domain.name} image", "concept_file")
    if upload:
        image = uploads.decode(upload)
        if image is not None:
            uploads.doubt(registry, domain, upload, image)
        return None if image is None else image.pixels
    found = gallery.pickable(registry, domain)
    if not found:
        st.caption("Upload an image, or generate one first.")
        return None
    name = st.selectbox("Or a generated image", list(found), key="concept_image")
    return found[name].pixels.squeeze()


def one_image(found: list[Shipped], label: str, layer: str) -> None:
    st.subheader("One image", anchor=False)
    left, right = st.columns([1, 3], gap="large")
    with left:
        pixels = choose_image()
        if pixels is not None:
            st.image(
                uploads.thumbnail(pixels), "The image asked about", alt="The image asked about"
            )
    if pixels is None:
        return
    spoken = domain.class_name(label)
    with right, layout.said_plainly():
        moved = pushes(registry, found, pixels, label, layer)
        show(figures.pushes(moved, spoken, layer), "pushes", "Signed push of every concept")
        sure = [push for push in moved if push.row.evidence]
        for push in sure:
            st.markdown(f"- {push.sentence(spoken)} ({push.change:+.3f})")
        if not sure:
            st.markdown(f"No concept has evidence at this layer for {spoken}: read nothing in.")


layout.header("Concepts", "Which of a reader's concepts a model uses, tested against chance.")
known = testable_models(registry, domain.id)
if not known:
    layout.empty(domain, "classifier", "There is no model to test concepts on.")
    st.stop()
model, label, layer, shipped = choose_question()
st.query_params.update({"label": label, "layer": layer})
everything = [*([shipped] if shipped else []), *own_concept.kept(model)]
shown = [own for own in everything if layer in own.layers]
if shipped is None:
    st.info("No concepts were measured for this model yet. With the domain's images at hand:")
    st.code(MAKE.format(domain=domain.id, model=model), language=None, wrap_lines=True)
if shown:
    evidence(shown, label, layer)
    one_image(shown, label, layer)
st.subheader("Your own concept", anchor=False)
with st.container(border=True):
    own_concept.ask(registry, model, layer)
st.caption("A concept that moves a score is no finding: it shows what this model responds to.")
layout.caveats(domain)
