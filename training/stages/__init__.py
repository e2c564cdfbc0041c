"""The stages that turn prepared rows into an adapter: SFT, DPO, GGUF, manifest. See training/README.md."""

import os

# Read once, when torch loads OpenMP. By default its threads spin at every barrier, and beside another busy program a step then
# takes ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
