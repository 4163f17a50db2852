"""Doors to the ecosystem, one file each, imported by whoever goes through: they need extras, and nothing else in this room does.

torchmetrics_door   our metrics as torchmetrics, for Lightning and plain torch, under DDP too          salquest[torchmetrics]
pysaliency_door     our models as pysaliency models, pysaliency data sets as ours                      salquest[pysaliency]
submission          files for the MIT/Tübingen benchmark and for SALICON, checked after writing        salquest[h5py] for HDF5
"""
