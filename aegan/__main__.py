"""`python -m aegan`: see `aegan.cli`."""

import os
import sys

if __name__ == "__main__":
    # Threads that wait should sleep, not spin: 20 steps on points took 56 s instead of 0.4 s on two cores that other
    # programs kept busy as well. Read when torch is loaded, hence before everything else.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from aegan.cli import main

    sys.exit(main())
