"""Figures published in Revisiting ResNets (Bello et al. 2021, arXiv 2103.07579), to compare with.

`table7.csv` is its Table 7: parameters in millions, FLOPs (2 x multiply-adds) in 1e9, V100 latency in seconds
and TPU v3 latency in milliseconds for 1,024 images, top-1 on the validation set.

`grid_350_epochs.csv` is read off its Figure 2: `flops_plot` are positions of markers, right to about 0.5 %;
`flops_calc` and `params_calc_M` were computed for the same networks by others than this project; top-1 is on
minival (2 % of the training images), one seed; `flag` names markers that are mostly hidden, of doubtful
assignment, or taken from Figure 3.
"""
