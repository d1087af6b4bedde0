"""What other libraries call things: fields, and the members of a union → what was probably meant."""

_SYNONYMS = {
    # members
    "mse": ("mean_squared_error",),
    "mae": ("mean_absolute_error",),
    "rmse": ("root_mean_squared_error",),
    "auc": ("roc_auc",),
    "f1_score": ("f1",),
    "bce": ("binary_cross_entropy",),
    "crossentropy": ("binary_cross_entropy", "softmax_cross_entropy"),
    "cross_entropy": ("binary_cross_entropy", "softmax_cross_entropy"),
    "categorical_crossentropy": ("softmax_cross_entropy",),
    "swish": ("silu",),
    "linear": ("identity",),
    # fields
    "lr": ("learning_rate",),
    "eta": ("learning_rate",),
    "learning_rate_init": ("learning_rate",),
    "n_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "max_epochs": ("epochs",),
    "nb_epoch": ("epochs",),
    "max_iter": ("epochs",),
    "iterations": ("epochs",),
    "criterion": ("loss",),
    "loss_fn": ("loss",),
    "loss_function": ("loss",),
    "objective": ("loss",),
    "opt": ("optimizer",),
    "solver": ("optimizer",),
    "nonlinearity": ("activation",),
    "hidden": ("layers",),
    "hidden_layers": ("layers",),
    "hidden_layer_sizes": ("layers",),
    "neurons": ("units",),
    "nodes": ("units",),
    "out_features": ("units",),
    "x": ("inputs", "features"),
    "y": ("targets", "target"),
    "label": ("target", "targets"),
    "labels": ("targets", "target"),
    "sample_weight": ("weights", "weight"),
    "class_weight": ("class_weights",),
    "val_split": ("validation",),
    "validation_split": ("validation",),
    "random_state": ("seed",),
    "tags": ("metadata",),
}


def meant_by(name: str) -> tuple[str, ...]:
    """The names here, the likeliest first; none where the word is no known one."""
    return _SYNONYMS.get(name.lower(), ())
