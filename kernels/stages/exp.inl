/* exp.inl: e^x for x <= 0, to 1 ulp with FMA and 2 without; below e^-87.3 it is 0, NaN stays NaN.
 * x = n ln2 + r, |r| <= ln2/2, e^r by a polynomial of degree 7 (coefficients: Cephes expf, S. Moshier). */
MOT_INLINE vec v_exp(vec x) {
    const vec limit = v_set1(-87.33654f), magic = v_set1(12582912.0f); /* 1.5 * 2^23: rounds to an integer */
    const vec inside = v_max(limit, x);
    const vec t = v_fma(inside, v_set1(1.44269504f), magic), n = v_sub(t, magic);
    vec r = v_fma(n, v_set1(-0.693359375f), inside);
    r = v_fma(n, v_set1(2.12194440e-4f), r);
    vec p = v_set1(1.9875691500e-4f);
    p = v_fma(p, r, v_set1(1.3981999507e-3f));
    p = v_fma(p, r, v_set1(8.3334519073e-3f));
    p = v_fma(p, r, v_set1(4.1665795894e-2f));
    p = v_fma(p, r, v_set1(1.6666665459e-1f));
    p = v_fma(p, r, v_set1(5.0000001201e-1f));
    p = v_fma(v_mul(r, r), p, r);
    return v_zero_below(x, limit, v_mul(v_add(p, v_set1(1.0f)), v_pow2(t)));
}
