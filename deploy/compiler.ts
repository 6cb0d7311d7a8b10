import { availableParallelism } from "node:os";

import type {} from "hardhat";
import type { HardhatHooks } from "hardhat/types/hooks";
import type { HardhatPlugin } from "hardhat/types/plugins";
import type { CompilerInput, CompilerOutput } from "hardhat/types/solidity";

const every = "*";
/** Each compiler takes 330 MB. */
const mostCompilers = 8;

/**
 * A Hardhat plugin that compiles on all cores. Hardhat gives the compiler, which knows one thread, one job with every
 * contract of the same settings. Here several compilers get that same job, each asked for the code of some of its files:
 * sources and settings are those of the whole, so that the bytecode is, too.
 */
export function parallelCompiler(): HardhatPlugin {
  return {
    id: "dodona-parallel-compiler",
    hookHandlers: {
      solidity: async () => await Promise.resolve({ default: hooks }),
    },
  };
}

async function hooks(): Promise<Partial<HardhatHooks["solidity"]>> {
  return await Promise.resolve({
    invokeSolc: async (context, compiler, input, config, next) => {
      const parts = split(input, Math.min(mostCompilers, availableParallelism()));
      return merge(
        await Promise.all(parts.map(async (part) => await next(context, compiler, part, config))),
      );
    },
  });
}

/**
 * Inputs that together ask for what the given one asks for: each of them for some of the files.
 * @param most How many, at least 1; fewer files give fewer inputs.
 */
export function split(input: CompilerInput, most: number): CompilerInput[] {
  const { [every]: wanted, ...others } = input.settings.outputSelection;
  // Hardhat asks for the same of all files; what somebody else asks for is not ours to deal out.
  if (wanted === undefined || Object.keys(others).length > 0) return [input];
  const parts = Array.from({ length: most }, () => ({ files: [] as string[], size: 0 }));
  const bySize = Object.entries(input.sources)
    .map(([name, { content }]) => ({ name, size: content.length }))
    .toSorted((a, b) => b.size - a.size);
  for (const { name, size } of bySize) {
    const smallest = parts.reduce((least, part) => (part.size < least.size ? part : least));
    smallest.files.push(name);
    smallest.size += size;
  }
  return parts
    .filter(({ files }) => files.length > 0)
    .map(({ files }) => {
      const outputSelection = Object.fromEntries(files.map((name) => [name, wanted]));
      return { ...input, settings: { ...input.settings, outputSelection } };
    });
}

/** The output of the whole from the outputs of its parts. A message about a source is said by every part, but kept once. */
export function merge(outputs: readonly CompilerOutput[]): CompilerOutput {
  const messages = outputs.flatMap(({ errors = [] }) => errors);
  const errors = [...new Map(messages.map((one) => [JSON.stringify(one), one])).values()];
  // All parts number all sources; the syntax tree of one is in the part that was asked for it.
  const sources = outputs
    .flatMap((output) => Object.entries(output.sources))
    .toSorted(([, a], [, b]) => Number("ast" in a) - Number("ast" in b));
  return {
    ...(errors.length === 0 ? {} : { errors }),
    sources: Object.fromEntries(sources),
    contracts: Object.fromEntries(
      outputs.flatMap(({ contracts = {} }) => Object.entries(contracts)),
    ),
  };
}
