"""One thread: the networks here are so small that waiting for a second costs far more than it gives."""

import torch

torch.set_num_threads(1)
