"""Results published in Revisiting ResNets (Bello et al. 2021, arXiv 2103.07579).

The lines at the top of `table1.csv`, `table2.csv`, `table4.csv`, `table7.csv`, `grid_350_epochs.csv` (Figure
2) and `epoch_study.csv` (Figure 3) say how the values were obtained and how uncertain they are.
"""
