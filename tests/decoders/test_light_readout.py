"""The light readout: its layers written out, its grid, its norm."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from salquest.decoders import LightReadout
from salquest.errors import InputError


def taps_of(pictures=2):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(pictures, 2, 3, 4, generator=generator), torch.rand(pictures, 3, 6, 8, generator=generator)]


def test_the_forward_pass_written_out():
    readout = LightReadout((2, 3), width=4, norm="none", last_bias=0.5).eval()
    weights = readout.state_dict()
    taps = taps_of()

    def convolve(features, name, **options):
        return F.conv2d(features, weights[f"{name}.weight"], weights[f"{name}.bias"], **options)

    coarse = F.interpolate(convolve(taps[0], "laterals.0"), size=(6, 8), mode="bilinear", align_corners=False)
    features = F.relu(coarse + convolve(taps[1], "laterals.1"))
    features = F.relu(convolve(features, "smooth.1", padding=2, groups=4))
    features = F.relu(convolve(features, "smooth.3"))
    features = F.relu(convolve(features, "smooth.5", padding=2, groups=4))
    with torch.no_grad():
        torch.testing.assert_close(readout(taps), convolve(features, "last")[:, 0])


def test_the_map_is_on_the_finest_grid_wherever_it_stands():
    assert LightReadout((2, 3))(taps_of()).shape == (2, 6, 8)


def test_without_norm_a_batch_of_one_in_training_is_that_of_evaluation():
    readout = LightReadout((2, 3), norm="none")
    torch.testing.assert_close(readout.train()(taps_of(1)), readout.eval()(taps_of(1)))


def test_with_batch_norm_training_sees_the_batch():
    readout = LightReadout((2, 3))
    assert not torch.allclose(readout.train()(taps_of()), readout.eval()(taps_of()))


def test_another_norm_is_refused():
    with pytest.raises(InputError, match="norm is one of 'batch', 'none'; found 'layer'"):
        LightReadout((2, 3), norm="layer")
