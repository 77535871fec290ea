"""The mouths and ears: each channel is one file that both reads and sends."""
