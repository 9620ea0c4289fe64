/*
 * The order of imports, checked by `pnpm lint`: no circles, no relative path into another workspace, packages and folders
 * only import what comes before them. A folder or file that its package's list doesn't name may import, and be imported by,
 * all others, so each list names everything below `src` except index.ts and node.ts.
 */

/** Packages in order of dependency; each may import those before it that its package.json names. */
const PACKAGES = ['internal', 'backend', 'formats', 'layers', 'attacks', 'encoders', 'datasets', 'train'];

/** Files and folders directly below each `src`, from the one that imports none of the others to the one that may import all. */
const FOLDERS = {
  'packages/internal': [
    'dataset|evenlySpaced|hash|message|nearestName|optionKeys|progress|skeletons',
    'random|optionChecks|gradients',
    'node',
  ],
  'packages/attacks': [
    'errors|options',
    'tensors',
    'skeleton',
    'classifier',
    'losses',
    'threatModel',
    'search',
    'attacks',
    'evaluation',
  ],
  'packages/layers': ['errors|seeds', 'options', 'math', 'losses', 'fusion', 'insert', 'keras'],
  'packages/encoders': [
    'errors|options|encoder',
    'cost',
    'torch',
    'layers',
    'skeleton',
    'blocks',
    'networks',
    'fusion',
  ],
  'packages/datasets': [
    'datasetError|options|workerFile',
    'batchPlan',
    'source',
    'video',
    'sets',
    'generator',
    'augment',
    'prepared',
    'prepare',
    'streaming',
    'cli',
  ],
  'packages/backend': ['errors', 'geometry|overrideKernels', 'wasm|webgpu|onnx', 'useBackend'],
  'packages/train': [
    'errors|options',
    'model',
    'checkpoint',
    'training',
    'report/data',
    'report/figures',
    'report/format',
    'report/(text|markdown|plots)',
    'report/html',
    'report/(robustness|compare|merge)[^/]*',
    'evaluation',
  ],
  'packages/formats': [
    'errors|numericArray',
    'options|rowByRow|byteCursor',
    'zip',
    'pickle',
    'numpy',
    'safetensors',
    'torch',
    'matlab',
    'tensorFile',
  ],
};

const anyOf = (names) => `(${names.join('|')})`;
/** What is named `name` below a `src`: a folder's files, or a file with its test. */
const below = (folder, names) => `^${folder}/src/(${names.join('|')})(/|\\.)`;

const packageRules = PACKAGES.slice(0, -1).map((name, i) => ({
  name: `order-of-packages-${name}`,
  comment: `packages/${name} comes before what it imports`,
  severity: 'error',
  from: { path: `^packages/${name}/src/`, pathNot: '\\.test\\.ts$' },
  to: { path: `^packages/${anyOf(PACKAGES.slice(i + 1))}/` },
}));

const folderRules = Object.entries(FOLDERS).flatMap(([folder, order]) =>
  order.slice(0, -1).map((names, i) => ({
    name: `order-of-folders-in-${folder.split('/').at(-1)}`,
    comment: `${names} comes before what it imports`,
    severity: 'error',
    from: { path: below(folder, [names]), pathNot: '\\.(test|fixture)\\.ts$' },
    to: { path: below(folder, order.slice(i + 1)) },
  })),
);

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'type-only imports count, too',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-relative-import-into-another-workspace',
      comment: "import the package by its name, such as '@amr/layers'",
      severity: 'error',
      from: { path: '^((?:packages|examples)/[^/]+|benchmarks|tests|docs)/' },
      to: {
        path: '^((?:packages|examples)/[^/]+|benchmarks|tests|docs)/',
        pathNot: '^$1/',
        dependencyTypesNot: ['aliased', 'npm-no-pkg', 'npm', 'npm-dev'],
      },
    },
    {
      name: 'only-tests-import-testing',
      comment: 'packages/testing is for tests',
      severity: 'error',
      from: {
        path: '^(packages|examples)/[^/]+/src/',
        pathNot: '^packages/testing/|\\.(test|fixture|long)\\.ts$',
      },
      to: { path: '^packages/testing/' },
    },
    {
      name: 'no-test-imported',
      comment: 'what a test and others need belongs into packages/testing, or a .fixture.ts file',
      severity: 'error',
      from: { pathNot: '\\.(test|fixture|long)\\.ts$|^packages/testing/' },
      to: { path: '\\.(test|fixture)\\.ts$' },
    },
    ...packageRules,
    ...folderRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules|api|\\.snippets|foreign)/|\\.d\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
};
