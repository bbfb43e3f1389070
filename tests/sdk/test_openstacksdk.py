"""The image calls that all clouds have, asked by openstacksdk with a password."""
import openstack.exceptions
from openstack.connection import Connection

import clouds
from cases import for_each


@for_each(clouds.OPENSTACK, clouds.HUAWEI, clouds.TELEKOM)
class Openstacksdk:
    def setUp(self):
        self.images = self.cloud.connection.image
        self.own = self.cloud.connection.current_project_id

    def unused(self, count):
        """Images of one's own that can be shared and deleted, and are used by no other test of these."""
        if not hasattr(self.cloud, "native_images"):
            listed = self.images.images(owner=self.own, limit=100)
            self.cloud.native_images = [image for image in listed if image.visibility == "shared" and not image.is_protected]
        taken = [self.cloud.native_images.pop() for _ in range(count)]
        return taken

    def members(self, image):
        return {member.member_id: member.status for member in self.images.members(image)}

    def test_a_wrong_password_is_refused(self):
        auth = self.cloud.connection.config.config["auth"] | {"password": "not-the-password"}
        with self.assertRaises(openstack.exceptions.SDKException) as caught:
            Connection(auth=auth, region_name=self.cloud.cloud["region"]).authorize()
        self.assertIn("401", str(caught.exception))

    def test_images_are_listed_through_every_page(self):
        every = [image.id for image in self.images.images(owner=self.own, limit=1000)]
        self.assertGreater(len(every), 30)
        paged = [image.id for image in self.images.images(owner=self.own, limit=7)]
        self.assertEqual(sorted(paged), sorted(set(every)))
        shown = self.images.get_image(every[0])
        self.assertEqual((shown.id, shown.owner), (every[0], self.own))

    def test_an_image_is_shared_and_unshared(self):
        (image,) = self.unused(1)
        before, one, two = self.members(image), clouds.somebody(), clouds.somebody()
        for project in one, two:
            added = self.images.add_member(image, member_id=project)
            self.assertEqual((added.member_id, added.status), (project, "pending"))
        self.assertEqual(self.members(image), before | {one: "pending", two: "pending"})
        self.images.remove_member(one, image=image, ignore_missing=False)
        self.assertEqual(self.members(image), before | {two: "pending"})
        with self.assertRaises(openstack.exceptions.NotFoundException):
            self.images.remove_member(one, image=image, ignore_missing=False)
        self.assertEqual(self.members(image), before | {two: "pending"})

    def test_an_image_is_deleted(self):
        image, other = self.unused(2)
        self.images.delete_image(image, ignore_missing=False)
        self.assertIsNone(self.images.find_image(image.id))
        with self.assertRaises(openstack.exceptions.NotFoundException):
            self.images.get_image(image.id)
        self.assertEqual(self.images.get_image(other.id).id, other.id)
