"""The vocabulary: every word a client may say about a network and its training, with its type, bound and default.

Each hyperparameter is written once, here; OpenAPI, the stored job and the engine read it from here. Members of a union are
told apart by `type`; where a member needs nothing else its bare name is enough (`"relu"` for `{"type": "relu"}`).
Fields that nobody knows are refused.
"""

from core.nn.spec.activations import *
from core.nn.spec.base import *
from core.nn.spec.convolution import *
from core.nn.spec.data import *
from core.nn.spec.initializers import *
from core.nn.spec.layers import *
from core.nn.spec.losses import *
from core.nn.spec.metrics import *
from core.nn.spec.normalisation import *
from core.nn.spec.optimizers import *
from core.nn.spec.schedules import *
from core.nn.spec.start import *
from core.nn.spec.training import *
from core.nn.spec.validation import *
