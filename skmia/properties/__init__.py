"""Properties of data and models that leakage may depend on (Tonni et al.)."""

from skmia.properties._data import class_balance, dataset_entropy
from skmia.properties._dataset_report import DatasetReport, dataset_report
from skmia.properties._feature_balance import feature_balance
from skmia.properties._generalization_gap import generalization_gap
from skmia.properties._informative_features import most_informative_features
from skmia.properties._property_report import PropertyReport, property_report
from skmia.properties._record_parameter_mi import record_parameter_mi

__all__ = [
    "DatasetReport",
    "PropertyReport",
    "class_balance",
    "dataset_entropy",
    "dataset_report",
    "feature_balance",
    "generalization_gap",
    "most_informative_features",
    "property_report",
    "record_parameter_mi",
]
