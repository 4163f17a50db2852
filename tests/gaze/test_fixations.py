def test_cropped_fixations_are_those_inside_in_the_part_s_own_pixels():
    looked = Fixations([0.0, 4.4, 4.5, 9.49, 7.0], [0.0, 2.0, 2.49, 5.4, 1.4], (6, 10), observer=[1, 2, 3, 4, 5])
    part = looked.cropped(2, 5, (3, 4))
    assert (part.size, part.observer.tolist()) == ((3, 4), [3])
    assert (part.rows.tolist(), part.columns.tolist()) == ([0], [0])
    whole = looked.cropped(0, 0, (6, 10))
    assert (whole.x.tolist(), whole.y.tolist()) == (looked.x.tolist(), looked.y.tolist())


def test_the_cell_of_a_cropped_fixation_is_its_cell_less_the_corner():
    draw = np.random.default_rng(3)
    looked = Fixations(np.nextafter(draw.integers(0, 59, 500) + 0.5, -1), draw.uniform(0, 39, 500), (40, 60))
    part = looked.cropped(11, 17, (20, 30))
    kept = (looked.rows >= 11) & (looked.rows < 31) & (looked.columns >= 17) & (looked.columns < 47)
    np.testing.assert_array_equal(part.rows, looked.rows[kept] - 11)
    np.testing.assert_array_equal(part.columns, looked.columns[kept] - 17)
