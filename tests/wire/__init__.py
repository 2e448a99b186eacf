"""Tests of the wire formats, byte by byte."""

import pytest

pytest.register_assert_rewrite("tests.wire.tables", "tests.wire.checks")
