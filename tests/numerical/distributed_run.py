"""Trains a few steps, alone or under torchrun, and writes the weights: used by test_train.py."""

import sys

import torch

from aegan import distributed
from aegan.config import get_preset
from aegan.data import load_data
from aegan.state import TrainState
from aegan.train import train

torch.set_num_threads(1)
distributed.start("cpu")
config = get_preset("aegan").with_options(
    width=4, z_dim=4, batch_size=16, flow_width=16, precision="fp32", warmup_steps=2, ramp_steps=1, steps=5,
    log_every=5, shift=1, d_translate=0.1, gamma=1.0, gp_every=2, adv_z=0.1, rec_fake=0.1, lr=1e-4, lr_d=1e-4,
)  # fmt: skip
state = TrainState.create(config, torch.device("cpu"))
for _ in train(state, load_data("fashion-mnist", full=False)):
    pass
if distributed.is_main():
    torch.save(state.model.state_dict(), sys.argv[1])
distributed.stop()
