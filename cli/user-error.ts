/** Something the user can act on: printed as one plain sentence and the fix, without a stack. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly fix: string | undefined;

  constructor(message: string, fix?: string) {
    super(message);
    this.fix = fix;
  }
}
