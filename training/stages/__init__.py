"""The stages that turn prepared rows into an adapter: SFT, DPO, GGUF, manifest. See training/README.md."""
