"""A package, because torch-fidelity installs one of the same name, which would be found instead."""
