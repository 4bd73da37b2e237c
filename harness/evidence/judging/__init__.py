"""Gates, baselines, sweeps and the verdict: what a run's figures are held against."""
