/** A failure whose message is for the user: printed as one line, without a stack trace. */
export class StackFailure extends Error {
  override readonly name = "StackFailure";
}

/** One line for any error, without its stack. */
export function lineOf(error: unknown): string {
  if (error instanceof Error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOSPC") return "the disk is full: free some space and start again";
    return error.message.split("\n")[0] ?? error.message;
  }
  return String(error);
}
