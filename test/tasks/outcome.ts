import { expect } from "chai";

import type { Outcome } from "./network.ts";

/** The one JSON document that a task printed. */
export function json<T>({ code, stderr, stdout }: Outcome): T {
  expect(code, stderr).to.equal(0);
  expect(stdout.trim().split("\n")).to.have.length(1);
  return JSON.parse(stdout) as T;
}

/** What a task refused with, in words; it printed nothing else. */
export function refusal({ code, stderr, stdout }: Outcome): string {
  expect(code, stdout).to.equal(1);
  expect(stdout).to.equal("");
  expect(stderr).not.to.include("    at ");
  return stderr;
}
