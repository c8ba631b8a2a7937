#!/usr/bin/env bash
# Train the shipped generators back to back on one GPU, in about seven minutes on an H200.
#   scripts/train_all.sh PACKS RUNS
# PACKS holds <domain>.pack files (python -m core data pack); RUNS gets logs, states and grids.
# The diffusion models and GANs start as soon as the autoencoder's latents are final, and train
# beside each other: each of them alone would leave most of the device idle.
# The autoencoder then takes two more legs, each a `train` of its own: autoencoder with
# configs/shared/autoencoder-128-finish.toml, and grain with configs/shared/grain.toml.
set -u
packs=$1 runs=$2
python=${PYTHON:-python3}
shared=${SHARED_SECONDS:-140} each=${EACH_SECONDS:-230}
data=(--data "$packs/chest_xray.pack" --data "$packs/brain_mri.pack" --data "$packs/colorectal_polyps.pack")
all=(--domain chest_xray --domain brain_mri --domain colorectal_polyps)
mkdir -p "$runs"

train() { # TASK CONFIG SECONDS DOMAIN...
    local task=$1 config=$2 seconds=$3
    shift 3
    local name=${config//\//-}
    OMP_NUM_THREADS=1 "$python" -m core train "$task" "$@" --config "configs/$config.toml" "${data[@]}" \
        --time-budget "${seconds}s" --out "$runs/$name" >"$runs/$name.log" 2>&1 || echo "FAILED $name"
}

latents=checkpoints/shared/autoencoder-128/card.json
rm -f "$latents"
train autoencoder shared/autoencoder-128 "$shared" "${all[@]}" &
autoencoder=$!
train encoder shared/encoder $((shared * 2 / 3)) "${all[@]}" &
until [ -f "$latents" ] || ! kill -0 $autoencoder 2>/dev/null; do sleep 1; done
[ -f "$latents" ] || { tail -20 "$runs/shared-autoencoder-128.log"; exit 1; }
for domain in chest_xray brain_mri colorectal_polyps; do
    train diffusion $domain/diffusion "$each" --domain $domain &
    train gan $domain/stylegan2 "$each" --domain $domain &
done
for domain in chest_xray brain_mri; do
    train gan $domain/wgan-gp "$each" --domain $domain &
done
train gan brain_mri/dcgan $((each / 2)) --domain brain_mri &
wait
for log in "$runs"/*.log; do
    echo "== $log"
    tail -n 2 "$log"
done
