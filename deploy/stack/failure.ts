/** A failure whose message is for the user: printed as one line, without a stack trace. */
export class StackFailure extends Error {
  override readonly name = "StackFailure";
}

export const diskFull = "the disk is full: free some space and start again";

/** True for the words in which programs say that there is no space left. */
export function isDiskFull(text: string): boolean {
  return /ENOSPC|No space left on device/i.test(text);
}

/** One line for any error, without its stack. */
export function lineOf(error: unknown): string {
  if (error instanceof Error) {
    if (isDiskFull(`${(error as NodeJS.ErrnoException).code} ${error.message}`)) return diskFull;
    return error.message.split("\n")[0] ?? error.message;
  }
  return String(error);
}
