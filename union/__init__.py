"""The rules: what law and service allow, decided from facts handed in and nothing else."""
