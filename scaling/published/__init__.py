"""Figures published in Revisiting ResNets (Bello et al. 2021, arXiv 2103.07579).

`table1.csv`, `table2.csv`, `table7.csv`, `grid_350_epochs.csv` (Figure 2) and `epoch_study.csv` (Figure 3):
the lines at the top of each say how it was read off and how far its values may be off.
"""
