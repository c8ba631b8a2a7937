"""SynthLens in the browser: navigation, domain, device and the notice; pages do the rest."""

import streamlit as st

from core.ui import access, failures, layout, state, turns

st.set_page_config(page_title="SynthLens", page_icon=":material/lens_blur:", layout="wide")
failures.watch()
access.require()

page = st.navigation(
    [
        st.Page(
            "pages/generate.py", title="Generate", icon=":material/auto_awesome:", default=True
        ),
        st.Page("pages/latent_space.py", title="Latent space", icon=":material/tune:"),
        st.Page(
            "pages/classifier_comparison.py",
            title="Classifier comparison",
            icon=":material/compare_arrows:",
        ),
        st.Page("pages/real_or_synthetic.py", title="Real or synthetic?", icon=":material/search:"),
        st.Page("pages/explain.py", title="Explain", icon=":material/visibility:"),
        st.Page("pages/concepts.py", title="Concepts", icon=":material/label:"),
        st.Page("pages/reader_study.py", title="Reader study", icon=":material/group:"),
        st.Page("pages/report_to_xray.py", title="Report to X-ray", icon=":material/notes:"),
        st.Page("pages/mri_to_ct.py", title="MRI to CT", icon=":material/swap_horiz:"),
        st.Page("pages/models_and_data.py", title="Models and data", icon=":material/database:"),
    ]
)
layout.style()
turns.begin()
st.logo(layout.LOGO, size="large")
with st.sidebar:
    state.choose_domain()
    layout.sidebar_footer()
    access.footer()
page.run()
