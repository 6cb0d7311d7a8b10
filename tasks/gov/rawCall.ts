import { Interface, parseEther } from "ethers";

import type { Known } from "../../deploy/catalog.ts";
import { named } from "../../deploy/catalog.ts";
import { TaskError } from "../shared/error.ts";
import type { Action, Wishes } from "./action.ts";
import { addressAt } from "./action.ts";
import type { Typed } from "./arguments.ts";
import { parseArguments } from "./arguments.ts";
import type { Governed } from "./open.ts";

/** Any call, typed as target:signature:arguments. */
export function rawCall({ call, value }: Wishes, governed: Governed): Action[] {
  if (call === undefined) return [];
  const [, target, signature, given] = /^([^:]+):([^:]+?)(?::(.*))?$/s.exec(call.trim()) ?? [];
  if (target === undefined || signature === undefined) {
    throw new TaskError(
      `"${call}" is no call: write target:signature:arguments, for example DodonaGovernor:setVotingPeriod(uint32):60`,
    );
  }
  const known = governed.catalog.find(({ address, name }) =>
    [name.toLowerCase(), address.toLowerCase()].includes(target.toLowerCase()),
  );
  const address = known?.address ?? addressAt(target, "The call's target");
  const args = parseArguments(given ?? "");
  const wei = value === undefined ? 0n : parseEther(value);
  const data = encode(signature, args, known ?? null);
  const title = `Call ${named(governed.catalog, address)}: ${signature.trim()}${args.length === 0 ? "" : ` with ${given ?? ""}`}`;
  return [{ title, call: { target: address, value: wei, data } }];
}

/** Reads a raw call's function and encodes it: a whole signature, or the name of a function of a known contract. */
function encode(signature: string, args: readonly Typed[], known: Known | null): string {
  const name = signature.trim();
  if (known === null && !name.includes("(")) {
    throw new TaskError(
      `Write the whole signature of "${name}", for example transfer(address,uint256).`,
    );
  }
  const contract =
    known === null || name.includes("(") ? new Interface([`function ${name}`]) : known.interface;
  const fragment = contract.getFunction(name.replace(/\(.*$/s, ""));
  if (fragment === null) {
    throw new TaskError(`${known?.name ?? "The contract"} has no function "${name}".`);
  }
  if (fragment.inputs.length !== args.length) {
    throw new TaskError(
      `${fragment.format("sighash")} takes ${fragment.inputs.length} arguments, not ${args.length}.`,
    );
  }
  try {
    return contract.encodeFunctionData(fragment, args);
  } catch (error) {
    throw new TaskError(
      `The arguments do not fit ${fragment.format("sighash")}: ${(error as Error).message}`,
    );
  }
}
