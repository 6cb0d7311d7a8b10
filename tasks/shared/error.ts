/** A mistake of the caller or a refusal of the chain: one clear sentence. */
export class TaskError extends Error {
  override readonly name = "TaskError";
}
