// Sums as a calculator does them: + - * / and brackets over decimal numbers. It reads the text itself, so that nothing
// in it is ever run.
//
//   sum     = product { ("+" | "-") product }
//   product = factor { ("*" | "/") factor }
//   factor  = "-" factor | "(" sum ")" | number

const DEPTH_MAX = 100;

/** @throws SyntaxError where the text is no sum. */
export function evaluate(expression: string): number {
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/()]|\S/g) ?? [];
  let at = 0;
  let depth = 0;

  function sum(): number {
    let value = product();
    for (;;) {
      if (take("+")) value += product();
      else if (take("-")) value -= product();
      else return value;
    }
  }

  function product(): number {
    let value = factor();
    for (;;) {
      if (take("*")) value *= factor();
      else if (take("/")) value /= factor();
      else return value;
    }
  }

  function factor(): number {
    if (++depth > DEPTH_MAX) throw new SyntaxError("nested too deep");
    const value = primary();
    depth--;
    return value;
  }

  function primary(): number {
    if (take("-")) return -factor();
    if (take("(")) {
      const value = sum();
      if (!take(")")) throw new SyntaxError("a bracket is not closed");
      return value;
    }
    const token = tokens[at++] ?? "";
    if (!/^\d/.test(token)) throw new SyntaxError(`a number was expected, found "${token}"`);
    return Number(token);
  }

  function take(token: string): boolean {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  }

  const value = sum();
  if (at < tokens.length) throw new SyntaxError(`"${tokens[at]}" was not expected`);
  return value;
}
