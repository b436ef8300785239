# packer init . && packer build -var region=eu-west-1 .
# Afterwards: aws ssm put-parameter --overwrite --type String --data-type aws:ec2:image --name /ci-custom/image --value ami-…

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.0"
    }
  }
}

variable "region" {
  type = string
}

variable "runner_version" {
  type    = string
  default = "18.11.0"
}

source "amazon-ebs" "runner" {
  ami_name      = "gitlab-runner-{{timestamp}}"
  instance_type = "m6i.large"
  region        = var.region
  ssh_username  = "ec2-user"

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  source_ami_filter {
    filters = {
      name                = "al2023-ami-2023.*-kernel-*-x86_64"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    most_recent = true
    owners      = ["amazon"]
  }
}

build {
  sources = ["source.amazon-ebs.runner"]

  provisioner "file" {
    destination = "/tmp/"
    source      = "${path.root}/../../terraform/runner_host"
  }

  provisioner "shell" {
    environment_vars = ["AWS_REGION=${var.region}", "RUNNER_VERSION=${var.runner_version}"]
    execute_command  = "sudo env {{ .Vars }} bash {{ .Path }} /tmp/runner_host"
    script           = "${path.root}/bake.sh"
  }

  # Images that most jobs start from are pulled once, here. An engine of one's own is set up here, too.
  provisioner "shell" {
    inline = ["sudo systemctl enable --now docker", "sudo docker pull alpine:latest"]
  }
}
