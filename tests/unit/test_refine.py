"""Refinement: it lowers the error, looks only at what is visible, and can be stopped and continued anywhere."""

import dataclasses

import pytest
import torch

from aegan.config import OBJECTIVES, UserError
from aegan.images import to_model
from aegan.model import AEGAN
from aegan.refine import CODE_LIMIT, begin_refinement, cover, refine, squared_error


@pytest.fixture
def model(quick_images) -> AEGAN:
    return AEGAN(quick_images).eval().requires_grad_(False)


@pytest.fixture
def x(images) -> torch.Tensor:
    return to_model(images.test[:3])


@pytest.fixture
def visible(x) -> torch.Tensor:
    mask = torch.ones(len(x), 1, *x.shape[2:])
    mask[:, :, 4:12, 4:10] = 0
    return mask


def error(model, x, state, visible=None):
    return squared_error(x, model.decode(state.code), visible)


def test_steps_lower_the_error_of_every_picture(model, x):
    start = begin_refinement(model, x)
    torch.testing.assert_close(start.code, model.encode(x))
    end = refine(model, x, start, 40)
    assert end.step == 40
    assert (error(model, x, end) < 0.97 * error(model, x, start)).all()


@pytest.mark.parametrize("prior", ["flow", "mixture", "normal"])
def test_every_prior_can_be_asked(quick_images, x, prior):
    model = AEGAN(quick_images.with_options(prior=prior)).eval().requires_grad_(False)
    start = begin_refinement(model, x)
    assert (error(model, x, refine(model, x, start, 20)) < error(model, x, start)).all()


def test_an_objective_without_a_prior_is_refined_all_the_same(quick_images, x):
    model = AEGAN(dataclasses.replace(quick_images, objective=OBJECTIVES["seed"])).eval().requires_grad_(False)
    start = begin_refinement(model, x)
    assert (error(model, x, refine(model, x, start, 20)) < error(model, x, start)).all()


def test_ten_steps_twice_are_twenty(model, x, visible):
    start = begin_refinement(model, x, visible)
    once = refine(model, x, start, 20, visible)
    twice = refine(model, x, refine(model, x, start, 10, visible), 10, visible)
    for name in ("code", "first", "second"):
        assert torch.equal(getattr(once, name), getattr(twice, name))


def test_steps_are_those_of_torchs_adam(quick_images, x):
    config = dataclasses.replace(quick_images, objective=OBJECTIVES["seed"])  # no prior: the error alone
    model = AEGAN(config).eval().requires_grad_(False)
    start = begin_refinement(model, x)
    code = start.code.clone().requires_grad_(True)
    adam = torch.optim.Adam([code], lr=0.05, betas=(0.9, 0.99), eps=1e-8)
    for _ in range(6):
        adam.zero_grad()
        (x - model.decode(code)).square().mean((1, 2, 3)).sum().backward()
        adam.step()
    torch.testing.assert_close(refine(model, x, start, 6).code, code.detach())


def test_hidden_pixels_have_no_say(model, x, visible):
    other = cover(x, torch.rand(x.shape, generator=torch.Generator().manual_seed(0)), visible)
    assert not torch.equal(other, x)
    ends = [refine(model, y, begin_refinement(model, y, visible), 10, visible) for y in (x, other)]
    assert torch.equal(ends[0].code, ends[1].code)
    begun = begin_refinement(model, x, visible)
    assert (error(model, x, ends[0], visible) < error(model, x, begun, visible)).all()
    assert not torch.equal(ends[0].code, refine(model, x, begin_refinement(model, x), 10).code)


def test_errors_and_covers_against_numpy(x, visible):
    other = x.flip(3)
    kept = visible.bool().expand_as(x).numpy()
    for i, value in enumerate(squared_error(x, other, visible)):
        difference = (x - other)[i].numpy() ** 2
        assert float(value) == pytest.approx(difference[kept[i]].mean(), rel=1e-5)
    torch.testing.assert_close(squared_error(x, other), (x - other).square().mean((1, 2, 3)))
    covered = cover(x, other, visible).numpy()
    assert (covered[kept] == x.numpy()[kept]).all() and (covered[~kept] == other.numpy()[~kept]).all()


def test_the_model_stays_as_it_was_and_codes_stay_bounded(model, x):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    end = refine(model, x, begin_refinement(model, x), 3, rate=1e6)
    assert end.code.abs().max() <= CODE_LIMIT and end.code.isfinite().all()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not end.code.requires_grad


def test_a_model_without_an_encoder_says_so(quick_images, x):
    with pytest.raises(UserError, match="has no encoder"):
        begin_refinement(AEGAN(dataclasses.replace(quick_images, objective=OBJECTIVES["gan"])), x)
