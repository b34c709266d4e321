// Builds the driver once, before the tests run side by side.

import { build } from "./treesitter.mjs";

build();
