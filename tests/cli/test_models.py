"""`models`."""


def test_every_checkpoint_has_the_fields_of_the_contract(core):
    answer = core("models", "--json")
    assert answer.code == 0 and len(answer.lines) == 19
    for line in answer.lines:
        assert {"id", "domain", "task", "family", "parameters", "bytes", "verified"} <= set(line)
        assert line["verified"] is True and line["bytes"] > 0


def test_filters(core):
    lines = core("models", "--domain", "chest_xray", "--task", "classifier", "--json").lines
    assert [line["id"] for line in lines] == [
        "chest_xray/toy-cnn", "chest_xray/toy-conditions", "chest_xray/toy-worse",
    ]  # fmt: skip


def test_damaged_checkpoints_are_listed_as_not_verified(core, toys):
    weights = toys.folder("chest_xray/toy-gan") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    (toys.folder("chest_xray/toy-cnn") / "card.json").write_text("{")
    found = {line["id"]: line for line in core("models", "--json").lines}
    assert found["chest_xray/toy-gan"]["verified"] is False
    assert "sha256" in found["chest_xray/toy-gan"]["message"]
    assert found["chest_xray/toy-cnn"]["verified"] is False
    assert found["chest_xray/toy-cnn"]["task"] is None
    assert "NOT USABLE" in core("models").out


def test_unknown_domain(core):
    answer = core("models", "--domain", "knee")
    assert answer.code == 2 and "choose one of" in answer.err and answer.out == ""
