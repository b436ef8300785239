# `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.

.DEFAULT_GOAL := help
.PHONY: help demo up down examples test check lint types unit terraform-test e2e host-root bench grants-check hooks cost report simulate advise trace security audit smoke package docs format lock mutants clean

# The first Python that is new enough; tools/venv.py says so clearly when none is.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
PY := .venv/bin/python
STACK ?= local
SECTION ?= all
# boto3 and the AWS CLI 1 read AWS_DEFAULT_REGION only.
ifdef AWS_REGION
export AWS_DEFAULT_REGION ?= $(AWS_REGION)
endif

help: ## List every target
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: environments ## Watch a fleet grow for 200 jobs and shrink after them (ACTUATOR=alarms for the other way)
	@$(PY) -m tools.demo $(if $(ACTUATOR),--actuator $(ACTUATOR)) $(if $(filter-out local,$(STACK)),--stack $(STACK))

up: environments ## Start the same stack and leave it running; build/local/outputs.json has every address
	@$(PY) -m tools.local up --stack $(STACK) $(if $(ACTUATOR),--actuator $(ACTUATOR)) \
		$(if $(GITLAB_URL),--gitlab-url '$(GITLAB_URL)') $(if $(GITLAB_PROJECTS),--gitlab-projects '$(GITLAB_PROJECTS)') \
		$(if $(GITLAB_GROUPS),--gitlab-groups '$(GITLAB_GROUPS)')

down: ## Stop what make up started
	@$(or $(wildcard $(PY)),$(PYTHON),python3) -m tools.local down --stack $(STACK)

examples: environments ## Apply every example to a local AWS, plan again, destroy (NAMES="webhook minimal" for some)
	@$(PY) -m tools.local.examples $(NAMES)

test: lint types unit terraform-test e2e ## Everything that checks, from lint to end to end

check: format test security ## Format, then everything that checks, the scanners included

lint: environments terraform ## Style and format of Python and Terraform
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet .
	@TF_CLI_CONFIG_FILE=/dev/null terraform fmt -check -recursive terraform examples tests
	@$(PY) -m tools.attribute_order --check

types: environments ## Types, strictly
	@.venv/bin/mypy lambda_src tools tests terraform/runner_host/drain.py

unit: environments ## Quick tests, with branch coverage of lambda_src
	@.venv/bin/pytest -q --numprocesses 2 -m 'not e2e and not terraform' --cov --cov-report=term

terraform-test: environments ## The module's own tests, against a mocked provider
	@.venv/bin/pytest -q --numprocesses 2 -m terraform

e2e: environments ## The whole way, against the local AWS and the GitLab stand-in
	@.venv/bin/pytest -q --numprocesses 2 --dist loadscope -m e2e

host-root: environments ## Make the Debian root for the bootstrap's end-to-end tests, once (as root, with debootstrap)
	@$(PY) -m tests.terraform.runner_host.debian_root

bench: environments ## Print the figures and write build/bench/ (SECTION=… for one; of scaling, PART=plan,look-ahead,… JOBS=2)
	@PYTHONPATH=lambda_src $(PY) -m tools.bench $(SECTION)

grants-check: environments ## Try each grant's role as the vendor does (FUNCTION=name for a deployed one, else STACK)
	@$(PY) -m tools.grants_check --stack $(STACK) $(if $(FUNCTION),--function '$(FUNCTION)')

hooks: environments ## Install, list, rotate or remove the webhook in GitLab (docs/webhooks.md; APPLY=1 carries it out)
	@$(PY) -m tools.hooks $(or $(ACTION),list) --url '$(URL)' $(if $(GITLAB_URL),--gitlab-url '$(GITLAB_URL)') \
		--projects '$(GITLAB_PROJECTS)' --groups '$(GITLAB_GROUPS)' --secret-parameter '$(SECRET_PARAMETER)' \
		--signing-token-parameter '$(SIGNING_TOKEN_PARAMETER)' --ca-certificate '$(CA_CERTIFICATE)' $(if $(APPLY),--apply)

cost: ## What a fleet costs a month, by part (INSTANCES=3 INSTANCE_TYPE=… HOOKS=… VENDS=… a day)
	@$(PYTHON) -m tools.cost $(if $(INSTANCES),--instances $(INSTANCES)) $(if $(INSTANCE_TYPE),--instance-type $(INSTANCE_TYPE)) \
		$(if $(INSTANCE_PRICE),--instance-price $(INSTANCE_PRICE)) $(if $(HOOKS),--hooks $(HOOKS)) $(if $(VENDS),--vends $(VENDS)) $(COST_OPTIONS)

report: environments ## The fleet's last hours as one page (FLEET=…, HOURS=3; none = the local stack; DASHBOARD=1 its dashboard)
	@$(PY) -m tools.report --stack $(STACK) $(if $(FLEET),--fleet '$(FLEET)') $(if $(HOURS),--hours '$(HOURS)') \
		$(if $(DASHBOARD),--dashboard)

simulate: environments ## Simulate the scaler and others' rules (TRACE=file.csv|.dat, else generated pipelines; OPTIONS=…)
	@$(PY) -m tools.simulator compare $(TRACE) $(OPTIONS)

advise: environments ## The cheapest settings for a target, as Terraform (TRACE=…; WAIT=30 seconds, SHARE=0.05 of the jobs; OPTIONS=…)
	@$(PY) -m tools.simulator advise $(TRACE) $(if $(WAIT),--wait $(WAIT)) $(if $(SHARE),--share $(SHARE)) $(OPTIONS)

trace: environments ## Export finished jobs as CSV without names (PROJECTS='a/b 42', URL=…, DAYS=14; GITLAB_TOKEN)
	@$(PY) -m tools.simulator export $(PROJECTS) $(if $(URL),--url '$(URL)') $(if $(DAYS),--days $(DAYS))

security: scanners ## Scan the Terraform code and look for secrets
	@$(PY) -m tools.security

audit: scanners ## Known vulnerabilities of what the lock files name, or a review of them
	@$(PY) -m tools.security audit

smoke: environments ## Check a deployed fleet (FLEET=name REGION=…; CHANGE=1 also boots an instance; none = the local stack)
	@$(PY) -m tools.smoke --stack $(STACK) $(if $(FLEET),--fleet '$(FLEET)') $(if $(REGION),--region '$(REGION)') \
		$(if $(CHANGE),--change)

package: environments ## Build every function's zip into build/packages/
	@$(PY) tools/package/build.py --all --output-dir build/packages
	@$(PY) -m tools.package.sbom

docs: environments ## Regenerate the tables in the READMEs of the module and of the examples
	@$(PY) -m tools.docs

format: environments terraform ## Format Python and Terraform
	@.venv/bin/ruff check --quiet --fix-only . && .venv/bin/ruff format --quiet .
	@$(PY) -m tools.attribute_order
	@TF_CLI_CONFIG_FILE=/dev/null terraform fmt -recursive terraform examples tests >/dev/null

lock: environments ## Resolve the requirements files anew
	@$(PY) -m tools.lock

mutants: environments ## Mutation-test the plan, the finding of dead runners and the webhook's verification
	@$(PY) -m tools.mutants

clean: ## Remove what the tools built (make down first)
	@rm -rf build .venv .venv-aws .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* mutants

.PHONY: terraform
terraform:
	@command -v terraform >/dev/null || \
		{ echo 'error: Terraform 1.9 or newer is needed: see developer.hashicorp.com/terraform/install' >&2; exit 2; }

.PHONY: scanners
scanners: environments
	@$(PYTHON) tools/venv.py build/security/environment tools/security/requirements.txt

.PHONY: environments
environments:
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed: see python.org/downloads' >&2; exit 2; }
	@$(PYTHON) tools/venv.py .venv requirements-dev.txt
	@$(PYTHON) tools/venv.py .venv-aws tools/local/aws/requirements.txt
