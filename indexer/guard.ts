// Loaded into Ponder's process before Ponder. The launcher holds the other end of standard input and never writes
// there, so its end means that the launcher is gone, also after kill -9.
const GRACE_MS = 6_000;

process.stdin.on("error", end);
process.stdin.on("close", end);
process.stdin.resume();

let ending = false;

function end(): void {
  if (ending) return;
  ending = true;
  // SIGTERM would let Vite exit before Ponder has opened its lock.
  process.kill(process.pid, "SIGINT");
  setTimeout(() => process.exit(1), GRACE_MS).unref();
}
