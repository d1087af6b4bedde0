"""Arrays that are looked at without being counted.

Numba counts every view of an array with an atomic instruction, which for a small network costs as much as its mathematics. The
arguments of an entry outlive its call, so inside it their views need no counting.
"""

from typing import Any

from numba.core import cgutils
from numba.extending import intrinsic, overload

structs: Any = cgutils  # untyped


def borrowed(array: Any) -> Any:
    """The same array, uncounted; its owner must outlive it."""
    return array


@intrinsic
def _uncounted(typing_context: Any, array: Any) -> Any:
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = structs.create_struct_proxy(signature.return_type)(context, builder, value=arguments[0])
        view.meminfo = structs.get_null_value(view.meminfo.type)
        view.parent = structs.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), lower


@overload(borrowed, strict=False)
def _borrowed(array: Any) -> Any:
    return lambda array: _uncounted(array)  # type: ignore[call-arg]
