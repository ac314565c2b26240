/**
 * CRC-32 of two runs of bytes from the CRCs of each: appending n bytes multiplies the first CRC by x^(8n) modulo the
 * polynomial, in GF(2). Numbers are polynomials with bit 31 as the coefficient of x^0.
 */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/** Product of two polynomials modulo the CRC's. */
function multiply(left: number, right: number): number {
  let product = 0;
  let factor = right;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((left & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x^(2^k) for k from 0. */
const SQUARES: readonly number[] = (() => {
  const squares = [0x40000000];
  for (let k = 1; k < 32; k++) {
    const last = squares[k - 1] ?? 0;
    squares.push(multiply(last, last));
  }
  return squares;
})();

/** x^(8 · byteLength): what a CRC is multiplied by when that many bytes follow. */
export function crcShift(byteLength: number): number {
  let shift = ONE;
  let rest = byteLength;
  for (let k = 3; rest > 0; k++) {
    if (rest % 2 === 1) shift = multiply(SQUARES[k % SQUARES.length] ?? ONE, shift);
    rest = Math.floor(rest / 2);
  }
  return shift;
}

/** CRC of the bytes of `first` followed by those of `second`; `shift` is `crcShift` of the second's length. */
export function crc32Combine(first: number, second: number, shift: number): number {
  return (multiply(shift, first) ^ second) >>> 0;
}
