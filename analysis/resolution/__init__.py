"""Resolution: what each doubling gains, against depth and width at equal FLOPs."""
