"""The shipped chains, one file each; files whose name begins with an underscore are parts of them."""
