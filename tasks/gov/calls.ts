import type { ParamType, Result } from "ethers";
import { decodeBytes32String, formatEther } from "ethers";

import type { Known } from "../../deploy/catalog.ts";
import { named } from "../../deploy/catalog.ts";

/** One thing that a proposal does: a call that the timelock makes. */
export interface Call {
  target: string;
  /** Wei that go with it. */
  value: bigint;
  data: string;
}

/** A call in words. */
export interface DecodedCall extends Call {
  /** Name of the contract, null for one that is not of this network. */
  contract: string | null;
  /** Signature of the function, null where nobody knows it. */
  function: string | null;
  /** Arguments by name, as texts; lists and structs as such. */
  args: Record<string, unknown>;
  words: string;
}

/** Says what a call does, by the interfaces of the network's contracts. */
export function decodeCall(call: Call, catalog: readonly Known[]): DecodedCall {
  const known = catalog.find(({ address }) => address.toLowerCase() === call.target.toLowerCase());
  const withValue = (words: string): string =>
    call.value === 0n ? words : `${words} with ${formatEther(call.value)} ether`;
  if (call.data === "0x") {
    const words = `send ${formatEther(call.value)} ether to ${named(catalog, call.target)}`;
    return { ...call, contract: known?.name ?? null, function: null, args: {}, words };
  }
  // A token of someone else's is spoken to like ours.
  const speakers =
    known === undefined ? catalog.filter(({ name }) => name === "DodonaToken") : [known];
  for (const { interface: contract, name } of speakers) {
    const parsed = contract.parseTransaction(call);
    if (parsed === null) continue;
    const { fragment } = parsed;
    const texts = fragment.inputs.map((input, index) => textOf(input, parsed.args[index], catalog));
    const callee = known === undefined ? call.target : name;
    return {
      ...call,
      contract: known?.name ?? null,
      function: fragment.format("sighash"),
      args: Object.fromEntries(
        fragment.inputs.map((input, index) => [
          input.name === "" ? `argument ${index + 1}` : input.name,
          plainOf(input, parsed.args[index]),
        ]),
      ),
      words: withValue(`${callee}.${parsed.name}(${texts.join(", ")})`),
    };
  }
  const words = withValue(`${known?.name ?? call.target} with data ${call.data}`);
  return { ...call, contract: known?.name ?? null, function: null, args: {}, words };
}

function textOf(type: ParamType, value: unknown, catalog: readonly Known[]): string {
  const children = type.arrayChildren;
  if (children !== null) {
    return `[${[...(value as Result)].map((one) => textOf(children, one, catalog)).join(", ")}]`;
  }
  if (type.components !== null) {
    const fields = type.components.map(
      (field, index) => `${field.name}: ${textOf(field, (value as Result)[index], catalog)}`,
    );
    return `{${fields.join(", ")}}`;
  }
  const text = String(value);
  if (type.baseType === "address") return named(catalog, text);
  return type.baseType === "bytes32" ? shortString(text) : text;
}

function plainOf(type: ParamType, value: unknown): unknown {
  const children = type.arrayChildren;
  if (children !== null) return [...(value as Result)].map((one) => plainOf(children, one));
  if (type.components !== null) {
    return Object.fromEntries(
      type.components.map((field, index) => [field.name, plainOf(field, (value as Result)[index])]),
    );
  }
  if (type.baseType === "bool") return value;
  return type.baseType === "bytes32" ? shortString(String(value)) : String(value);
}

/** A feed's id and the like as text; other 32 bytes stay hex. */
function shortString(bytes32: string): string {
  try {
    const text = decodeBytes32String(bytes32);
    return /^[\x20-\x7e]+$/.test(text) ? text : bytes32;
  } catch {
    return bytes32;
  }
}
